"""Running answers, which go on without readers; any process can follow or stop them."""
