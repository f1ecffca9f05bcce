#include "metadata.h"

#include <QJsonDocument>

#include <cmath>

namespace patchbay::widgets::figure {

namespace {

const QByteArray openTag = "<patchbay:runSpec>", closeTag = "</patchbay:runSpec>";

QByteArray element(const QByteArray &name, const QByteArray &text)
{
    return text.isEmpty() ? QByteArray() : "      <" + name + ">" + text + "</" + name + ">\n";
}

QByteArray alternative(const QByteArray &name, const QString &text)
{
    return text.isEmpty() ? QByteArray()
                          : "      <" + name + "><rdf:Alt><rdf:li xml:lang=\"x-default\">" + xmlText(text)
            + "</rdf:li></rdf:Alt></" + name + ">\n";
}

} // namespace

QByteArray xmlText(const QString &text)
{
    QString clean;
    for (const QChar c : text) {
        if (c.unicode() >= 0x20 || c == QLatin1Char('\n') || c == QLatin1Char('\t'))
            clean += c;
    }
    return clean.toHtmlEscaped().toUtf8();
}

QByteArray number(double value, int decimals)
{
    QByteArray text = QByteArray::number(value, 'f', decimals);
    if (text.contains('.')) {
        while (text.endsWith('0'))
            text.chop(1);
        if (text.endsWith('.'))
            text.chop(1);
    }
    return text == "-0" ? QByteArray("0") : text;
}

QByteArray metadataXml(const FigureMetadata &metadata, const FigureSpec &spec)
{
    const QByteArray choices = QJsonDocument(spec.toJson()).toJson(QJsonDocument::Compact);
    QByteArray xml = "  <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" "
                     "xmlns:dc=\"http://purl.org/dc/elements/1.1/\""
                     " xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" xmlns:pdf=\"http://ns.adobe.com/pdf/1.3/\""
                     " xmlns:patchbay=\"urn:patchbay:figure#\">\n    <rdf:Description rdf:about=\"\">\n";
    xml += alternative("dc:title", metadata.title) + alternative("dc:description", metadata.caption);
    xml += element("xmp:CreatorTool", xmlText(metadata.version)) + element("pdf:Producer", xmlText(metadata.version));
    xml += element("patchbay:modelSha256", xmlText(metadata.modelSha256));
    xml += element("patchbay:runSpec", xmlText(QString::fromUtf8(metadata.runSpec)));
    xml += element("patchbay:figure", xmlText(QString::fromUtf8(choices)));
    return xml + "    </rdf:Description>\n  </rdf:RDF>\n";
}

std::optional<QByteArray> runSpecIn(const QByteArray &bytes)
{
    const qsizetype from = bytes.indexOf(openTag);
    const qsizetype to = from < 0 ? -1 : bytes.indexOf(closeTag, from);
    if (to < 0)
        return {};
    QByteArray text = bytes.mid(from + openTag.size(), to - from - openTag.size());
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    return text;
}

} // namespace patchbay::widgets::figure
