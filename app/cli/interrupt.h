// Ctrl+C asks the running computation to stop; what is finished is still written.
#pragma once

#include "base/cancel.h"

namespace patchbay::cli {

/// From now on SIGINT and SIGTERM cancel the token that is returned (always the same one); a second signal ends the
/// program at once. Also starts the thread that takes signals while the main thread computes.
const CancelToken &cancel_on_interrupt();

} // namespace patchbay::cli
