#include "pdf_document.h"

#include <QCryptographicHash>
#include <QString>

namespace patchbay::widgets::figure {

int PdfDocument::reserve()
{
    m_objects << QByteArray();
    return int(m_objects.size());
}

int PdfDocument::add(const QByteArray &body)
{
    m_objects << body;
    return int(m_objects.size());
}

int PdfDocument::addStream(const QByteArray &data, const QByteArray &extra, bool compressed)
{
    // qCompress puts four bytes of length before the zlib stream that FlateDecode wants.
    const QByteArray stored = compressed ? qCompress(data, 9).mid(4) : data;
    return add("<< " + extra + (compressed ? " /Filter /FlateDecode" : "") + " /Length "
               + QByteArray::number(stored.size()) + " >>\nstream\n" + stored + "\nendstream");
}

QByteArray PdfDocument::text(const QString &text)
{
    QByteArray hex = "<FEFF";
    for (const QChar c : text)
        hex += QByteArray::number(c.unicode(), 16).rightJustified(4, '0').toUpper();
    return hex + ">";
}

QByteArray PdfDocument::bytes(int catalog, int info) const
{
    QByteArray file = "%PDF-1.4\n%\xe2\xe3\xcf\xd3\n";
    QVector<qsizetype> offsets;
    for (int i = 0; i < m_objects.size(); ++i) {
        offsets << file.size();
        file += QByteArray::number(i + 1) + " 0 obj\n" + m_objects[i] + "\nendobj\n";
    }
    const QByteArray id = QCryptographicHash::hash(file, QCryptographicHash::Md5).toHex();
    const qsizetype start = file.size();
    file += "xref\n0 " + QByteArray::number(m_objects.size() + 1) + "\n0000000000 65535 f \n";
    for (const qsizetype offset : offsets)
        file += QByteArray::number(offset).rightJustified(10, '0') + " 00000 n \n";
    file += "trailer\n<< /Size " + QByteArray::number(m_objects.size() + 1) + " /Root " + reference(catalog);
    if (info)
        file += " /Info " + reference(info);
    return file + " /ID [<" + id + "> <" + id + ">] >>\nstartxref\n" + QByteArray::number(start) + "\n%%EOF\n";
}

} // namespace patchbay::widgets::figure
