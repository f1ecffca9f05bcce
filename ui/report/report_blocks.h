// Blocks of reports, as every report makes them.
#pragma once

#include "report/report.h"

namespace patchbay {

inline constexpr double reportSheetWidth = 170; ///< mm: what fills a page

inline ReportBlock heading(const QString &text, int level = 1, const QString &anchor = {})
{
    ReportBlock block;
    block.kind = ReportBlock::Kind::Heading;
    block.text = text;
    block.level = level;
    block.anchor = anchor;
    return block;
}

/// lead: set in bold before it.
inline ReportBlock paragraph(const QString &text, const QString &lead = {},
                             ReportBlock::Kind kind = ReportBlock::Kind::Text)
{
    ReportBlock block;
    block.kind = kind;
    block.text = text;
    block.lead = lead;
    return block;
}

} // namespace patchbay
