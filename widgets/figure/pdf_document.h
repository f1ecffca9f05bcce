// The skeleton of a PDF file: numbered objects, streams, cross references. No dates and no random ids, so equal content
// gives equal bytes.
#pragma once

#include <QByteArray>
#include <QVector>

namespace patchbay::widgets::figure {

class PdfDocument {
public:
    /// Reserves a number, so that objects can refer to each other before they are written.
    int reserve();
    void set(int object, const QByteArray &body) { m_objects[object - 1] = body; }
    int add(const QByteArray &body);
    /// A stream object; `extra` are further dictionary entries. Metadata stays uncompressed, as readers expect.
    int addStream(const QByteArray &data, const QByteArray &extra = {}, bool compressed = true);
    /// The whole file. `info` may be 0.
    QByteArray bytes(int catalog, int info) const;

    static QByteArray reference(int object) { return QByteArray::number(object) + " 0 R"; }
    /// A text string in UTF-16, as a hexadecimal literal.
    static QByteArray text(const QString &text);

private:
    QVector<QByteArray> m_objects;
};

} // namespace patchbay::widgets::figure
