"""Packaging, infrastructure and the fraudstream command; never imported by the job."""
