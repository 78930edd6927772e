"""Labels: given, undone and remembered in labels.db, and kept in step with the label files under data/."""
