"""The rows of the route matrix: for each route, the ids in its path and the people who may use it."""
