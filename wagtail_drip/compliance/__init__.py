"""May this message go to this contact now? One answer, with a reason. Leans on contacts and core."""
