"""What updates of several environments would do, told before they are run."""
