// Pieces that docks are built from: headings, captions, rows that look the same everywhere.
#pragma once

#include <QLabel>
#include <QToolButton>

namespace patchbay {

/// A small bold heading of a section.
QLabel *heading(const QString &text, QWidget *parent);
/// Wrapping secondary text.
QLabel *caption(const QString &text, QWidget *parent);
/// A button without a frame until the pointer is over it.
QToolButton *flatButton(const QString &text, const QString &tip, QWidget *parent);

} // namespace patchbay
