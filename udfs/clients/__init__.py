"""The remote ends: SageMaker and DynamoDB."""
