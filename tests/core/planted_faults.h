// Faults of an engine, planted in a session: what a control has to notice. A Qt Test program cannot include LibTorch's
// headers.
#pragma once

#include "patching/session.h"

namespace patchbay::testing {

enum class Fault {
    HookOff,        ///< nothing is replaced
    WrongDirection, ///< values come from the run that is patched
    ShiftedByOne,   ///< from the position before
    WrongHead,      ///< from the next head
    StaleCache      ///< one layer of a cached run is of other prompts
};

/// From now on. The session's baseline must be there.
void plant(Session &session, Fault fault, bool base_flipped);

} // namespace patchbay::testing
