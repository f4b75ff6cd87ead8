"""The rows of the route matrix: for each route, whose ids stand in it and who gets in."""
