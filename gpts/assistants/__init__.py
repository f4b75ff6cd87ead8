"""GPTs: the draft, frozen versions, audiences, access rules, icons, differences."""
