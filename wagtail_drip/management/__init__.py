"""Commands, where Django looks for them. Doors: each calls one action or one ``*_due`` loop."""
