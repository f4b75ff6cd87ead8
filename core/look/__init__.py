"""How things are shown: icons, arches, figures, charts, accents and style sheets behind the template tags."""
