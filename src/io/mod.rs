//! Layer 9: files to relations, relations to files.
