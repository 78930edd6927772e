"""What helps with the labels: embeddings of frames, and what is told from them. Beside training, above versions."""
