"""Speed, measured against peers and limits: one file per topic."""
