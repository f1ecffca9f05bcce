#include "head_id.h"

namespace patchbay::widgets {

QString label(HeadId id)
{
    return id.head < 0 ? QStringLiteral("L%1").arg(id.layer) : QStringLiteral("L%1H%2").arg(id.layer).arg(id.head);
}

} // namespace patchbay::widgets
