"""Append-only Merkle log over the caller's database connection, witnessed checkpoints, offline evidence.

``merkle`` hashing and proofs (pure) · ``tree`` the stored tree · ``entry`` what a leaf commits to ·
``note`` signed notes and keys · ``checkpoint`` verified tree heads · ``checkpoint_store`` what a log signs
and keeps · ``witness`` who co-signs it · ``audit`` what is stored against itself · ``evidence`` the file
that a third party verifies.
"""
