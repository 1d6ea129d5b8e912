//! The binary as a process of its own, to be killed. Knows its command line and what it prints.
