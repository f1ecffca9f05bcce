// Numbers as papers and files have them, whatever the user's locale: "85.5", never "85,5".
#pragma once

namespace patchbay {

/// Makes the C locale's numbers the default of Qt (spin boxes, QLocale) and of the C library (what libraries read with
/// strtod and write with printf). Call when the application is there: its constructor takes the user's locale over for
/// everything. Letters, dates' order and messages stay.
void usePlainNumbers();

} // namespace patchbay
