// The part of a report's page that shows a head's attention where it is clicked.
#pragma once

#include "report/reader_attention.h"

namespace patchbay {

extern const char *const attentionStyle;
/// The numbers and the script; nothing where there are none.
QByteArray attentionHtml(const QVector<ReaderAttention> &all);

} // namespace patchbay
