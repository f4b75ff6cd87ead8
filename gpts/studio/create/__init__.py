"""The Create conversation without database and clock: functions of the model, its prompt, the interview."""
