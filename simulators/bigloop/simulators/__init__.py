"""Sources: physics, and the replay of measured tables; each satisfies `Simulator`.

Nothing heavy is imported here: a source imports its solver when it is built.
"""
