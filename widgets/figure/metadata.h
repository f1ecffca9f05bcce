// The metadata block that all three formats carry, written and read by one pair of functions.
#pragma once

#include "figure.h"

#include <QByteArray>

#include <optional>

namespace patchbay::widgets::figure {

/// An rdf:RDF element with title, caption, program, hash of the weights, RunSpec and the figure's choices.
QByteArray metadataXml(const FigureMetadata &metadata, const FigureSpec &spec);
/// The RunSpec out of any bytes that contain such an element as it was written.
std::optional<QByteArray> runSpecIn(const QByteArray &bytes);

/// Text for between XML tags; characters that XML cannot hold are left out.
QByteArray xmlText(const QString &text);
/// A number for a drawing: at most `decimals`, no trailing zeros, the same in every locale.
QByteArray number(double value, int decimals = 3);

} // namespace patchbay::widgets::figure
