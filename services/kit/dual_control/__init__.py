"""Dual control (C6): one mechanism for all bodies; who uses it reads docs/dual-control.md."""
