"""What a person can do on the Label screen, one tool a file: each owns some actions, and may take the keys for a while."""
