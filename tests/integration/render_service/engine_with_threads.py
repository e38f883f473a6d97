"""An engine that starts a thread while it warms up, and so cannot be forked."""

import threading
import time


def warm_up() -> None:
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
