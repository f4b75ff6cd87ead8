"""Answers of a model with rich and with hostile Markdown."""

from __future__ import annotations

RICH_ANSWER = """## Signing

The hash is $h = m^2$, and

$$\\frac{a}{b}$$

| Header | Example |
|---|---:|
| `X-Time` | 17 |

```python
def sign(key):
    return key + 1  # one more

print(sign(2))
```

And the end.
"""
