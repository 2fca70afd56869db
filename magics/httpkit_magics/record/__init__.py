"""What happened, as plain data: records and the redactor. Standard library only."""
