"""The content of the demo: people, GPTs, knowledge and what readers said of them."""
