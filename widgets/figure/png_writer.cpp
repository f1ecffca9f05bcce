// PNG: the same marks in pixels, with the physical size and the metadata as text chunks.
#include "metadata.h"
#include "panel.h"

#include <QBuffer>
#include <QImage>
#include <QImageWriter>
#include <QPainter>
#include <QtEndian>

#include <array>
#include <cmath>

namespace patchbay::widgets {

using namespace figure;

namespace {

quint32 crc32(const QByteArray &bytes)
{
    static const std::array<quint32, 256> table = [] {
        std::array<quint32, 256> values{};
        for (quint32 n = 0; n < 256; ++n) {
            quint32 c = n;
            for (int k = 0; k < 8; ++k)
                c = c & 1 ? 0xedb88320U ^ (c >> 1) : c >> 1;
            values[n] = c;
        }
        return values;
    }();
    quint32 crc = 0xffffffffU;
    for (const char byte : bytes)
        crc = table[(crc ^ uchar(byte)) & 0xff] ^ (crc >> 8);
    return crc ^ 0xffffffffU;
}

QByteArray bigEndian(quint32 value)
{
    QByteArray bytes(4, Qt::Uninitialized);
    qToBigEndian(value, bytes.data());
    return bytes;
}

/// An international text chunk, uncompressed, so that every tool (and a text editor) can read the RunSpec.
QByteArray textChunk(const QByteArray &keyword, const QByteArray &text)
{
    if (text.isEmpty())
        return {};
    const QByteArray body = "iTXt" + keyword + QByteArray(1, '\0') + QByteArray(2, '\0') + QByteArray(2, '\0') + text;
    return bigEndian(quint32(body.size() - 4)) + body + bigEndian(crc32(body));
}

} // namespace

QByteArray figurePng(const FigureSheet &sheet, const FigureMetadata &metadata)
{
    const Scene scene = layoutSheet(sheet);
    const double scale = sheet.spec.dpi / 25.4;
    const QSize pixels(int(std::lround(scene.size.width() * scale)), int(std::ceil(scene.size.height() * scale)));
    QImage image(pixels, QImage::Format_RGB32);
    if (image.isNull())
        throw FigureError(QStringLiteral("PNG"),
                          QStringLiteral("%1 × %2 pixels do not fit into memory: choose fewer dots per inch")
                              .arg(pixels.width())
                              .arg(pixels.height()));
    image.fill(Qt::white);
    // Exactly the asked-for density, rounded once as the chunk stores pixels per metre.
    image.setDotsPerMeterX(int(std::lround(sheet.spec.dpi / 0.0254)));
    image.setDotsPerMeterY(int(std::lround(sheet.spec.dpi / 0.0254)));
    {
        QPainter painter(&image);
        paintScene(painter, scene, {}, scale);
    }
    QByteArray png;
    QBuffer buffer(&png);
    QImageWriter writer(&buffer, "png");
    if (!writer.write(image))
        throw FigureError(QStringLiteral("PNG"), writer.errorString());

    QByteArray chunks = textChunk("Title", metadata.title.toUtf8())
        + textChunk("Description", metadata.caption.toUtf8()) + textChunk("Software", metadata.version.toUtf8())
        + textChunk("RunSpec", metadata.runSpec)
        + textChunk("XML:com.adobe.xmp",
                    "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n" + metadataXml(metadata, sheet.spec) + "</x:xmpmeta>");
    constexpr int headerEnd = 8 + 25; // signature and IHDR
    return png.insert(headerEnd, chunks);
}

} // namespace patchbay::widgets
