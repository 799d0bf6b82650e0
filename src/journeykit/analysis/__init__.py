"""What can be said of a journey without running it? Pure, and beside the kernel."""
