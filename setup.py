"""Packaging only: makes the job's packages importable and installs the `fraudstream` command."""

from setuptools import find_packages, setup

setup(
    name="fraudstream",
    version="0.1.0",
    description="Real-time card-fraud decisions on Amazon Managed Service for Apache Flink",
    python_requires=">=3.12,<3.13",
    packages=find_packages(include=["flink_app*", "udfs*", "schemas*", "deploy*", "local*"]),
    package_data={"": ["*.avsc", "*.yaml", "*.json"]},
    entry_points={"console_scripts": ["fraudstream=deploy.cli:main"]},
)
