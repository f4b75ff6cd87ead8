"""GPTs: drafts, versions (freeze, make live, restore, compare, change log), audiences, permissions, icons."""
