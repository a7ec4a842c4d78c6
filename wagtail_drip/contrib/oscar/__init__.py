"""django-oscar tells us: receivers leave notices, the adapter answers for them, a middleware learns the number.

No models. Nothing of Oscar's is forked or replaced; templates add to Oscar's blocks. Leans on stores.
"""
