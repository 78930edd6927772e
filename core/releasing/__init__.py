"""The steps of a release, one file each: what is looked for beforehand, what is proven, how it gets to a remote."""
