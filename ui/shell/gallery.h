// Every view in every state as a PNG, for people who look: light and dark, small and large, empty, running, done,
// failed.
#pragma once

#include <QString>

#include <functional>

namespace patchbay {

/// Writes the pictures of the present scale factor into a folder and calls finished(exit code).
void makeGallery(const QString &folder, std::function<void(int)> finished);

} // namespace patchbay
