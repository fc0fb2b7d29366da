//! The examples that need dependencies of their own.
