/// A photograph that a customer of the demo sends: a bicycle in front of a hill, drawn by its number.
///
/// A PNG of 240 by 180 points with a palette of sixteen colours, about 43 KB.
public enum DemoPhoto {
    enum Bounds {
        static let width = 240
        static let height = 180
    }

    /// The picture of a number; the same each time.
    public static func png(_ number: Int) -> [UInt8] {
        var canvas = DemoCanvas(width: Bounds.width, height: Bounds.height)
        let chance = DemoChance(seed: 0xF070)
        draw(&canvas) { chance.below($0, number, 51, $1) }
        return canvas.png(palette(chance.below(skies.count, number, 52), chance.below(paints.count, number, 53)))
    }

    private static let skies: [[UInt8]] = [[150, 200, 240], [250, 190, 140], [190, 195, 205], [120, 150, 215]]
    private static let paints: [[UInt8]] = [
        [200, 40, 50], [20, 110, 90], [240, 170, 20], [40, 70, 160], [90, 60, 110],
    ]

    /// 0 to 7 the sky from above to below, 8 and 9 hills, 10 the road, 11 the frame, 12 tyres, 13 metal, 14 the sun.
    private static func palette(_ sky: Int, _ paint: Int) -> [[UInt8]] {
        let top = skies[sky]
        let shades = (0..<8).map { step in top.map { UInt8(Int($0) + (255 - Int($0)) * step / 10) } }
        return shades + [
            [88, 130, 80], [60, 100, 64], [120, 118, 116], paints[paint], [30, 30, 34], [200, 204, 210],
            [255, 244, 200],
            [255, 255, 255],
        ]
    }

    private static func draw(_ canvas: inout DemoCanvas, _ below: (_ bound: Int, _ salt: Int) -> Int) {
        for y in 0..<Bounds.height { canvas.row(y, UInt8(min(7, y * 8 / 130))) }
        canvas.disc(30 + below(180, 1), 25 + below(25, 2), 10 + below(6, 3), 14)
        for (hill, colour) in [(4, UInt8(8)), (7, 9)] {
            let centre = 40 + below(160, hill)
            canvas.disc(centre, 250 + hill * 4, 130 + below(25, hill + 1), colour)
        }
        for y in 140..<Bounds.height { canvas.row(y, 10) }
        // Two wheels, and between them a frame of triangles.
        let (left, right, ground) = (85 + below(12, 10), 150 + below(12, 11), 128 + below(8, 12))
        for wheel in [left, right] {
            canvas.ring(wheel, ground, 24, 3, 12)
            for turn in 0..<4 {
                let (x, y) = [(22, 0), (15, 15), (0, 22), (15, -15)][turn]
                canvas.line((wheel - x, ground - y), (wheel + x, ground + y), 1, 13)
            }
        }
        let pedals = ((left + right) / 2 - 4, ground + 2)
        let saddle = ((left + right) / 2 - 14, ground - 44)
        let head = (right - 10, ground - 46)
        for (from, to) in [
            ((left, ground), pedals), ((left, ground), saddle), (pedals, saddle), (pedals, head), (saddle, head),
            (head, (right, ground)),
        ] { canvas.line(from, to, 3, 11) }
        canvas.line((saddle.0 - 9, saddle.1 - 4), (saddle.0 + 9, saddle.1 - 4), 4, 12)
        canvas.line(head, (head.0 + 4, head.1 - 10), 2, 13)
        canvas.line((head.0 - 4, head.1 - 11), (head.0 + 10, head.1 - 9), 3, 12)
        canvas.ring(pedals.0, pedals.1, 7, 2, 13)
        if below(2, 13) == 0 { canvas.line((left - 18, ground - 30), (left + 14, ground - 30), 4, 12) }
    }
}

/// Points of a picture, each the number of a colour.
struct DemoCanvas {
    let width: Int
    let height: Int
    private var points: [UInt8]

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        points = Array(repeating: 0, count: width * height)
    }

    private mutating func set(_ x: Int, _ y: Int, _ colour: UInt8) {
        guard x >= 0, x < width, y >= 0, y < height else { return }
        points[y * width + x] = colour
    }

    mutating func row(_ y: Int, _ colour: UInt8) {
        for x in 0..<width { set(x, y, colour) }
    }

    mutating func disc(_ x: Int, _ y: Int, _ radius: Int, _ colour: UInt8) { ring(x, y, radius, radius + 1, colour) }

    /// What lies within `thickness` of the edge, inwards.
    mutating func ring(_ x: Int, _ y: Int, _ radius: Int, _ thickness: Int, _ colour: UInt8) {
        let inner = radius - thickness
        for dy in -radius...radius {
            for dx in -radius...radius {
                let distance = dx * dx + dy * dy
                if distance <= radius * radius, inner < 0 || distance > inner * inner { set(x + dx, y + dy, colour) }
            }
        }
    }

    mutating func line(_ from: (Int, Int), _ to: (Int, Int), _ thickness: Int, _ colour: UInt8) {
        let steps = max(abs(to.0 - from.0), abs(to.1 - from.1), 1)
        for step in 0...steps {
            let x = from.0 + (to.0 - from.0) * step / steps
            let y = from.1 + (to.1 - from.1) * step / steps
            for dy in 0..<thickness {
                for dx in 0..<thickness { set(x + dx - thickness / 2, y + dy - thickness / 2, colour) }
            }
        }
    }

    // MARK: PNG

    /// The picture as PNG (ISO/IEC 15948), its points not compressed.
    func png(_ palette: [[UInt8]]) -> [UInt8] {
        var bytes: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        bytes += Self.chunk("IHDR", Self.word(width) + Self.word(height) + [8, 3, 0, 0, 0])
        bytes += Self.chunk("PLTE", palette.flatMap { $0 })
        // Each row begins with its filter: none.
        var rows: [UInt8] = []
        rows.reserveCapacity((width + 1) * height)
        for y in 0..<height { rows += [0] + points[y * width..<(y + 1) * width] }
        return bytes + Self.chunk("IDAT", Self.stored(rows)) + Self.chunk("IEND", [])
    }

    /// A zlib stream of blocks that are stored as they are (RFC 1950, RFC 1951).
    private static func stored(_ bytes: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = [0x78, 0x01]
        for start in stride(from: 0, to: bytes.count, by: 65_535) {
            let block = bytes[start..<min(start + 65_535, bytes.count)]
            let (low, high) = (UInt8(block.count & 255), UInt8(block.count >> 8))
            stream += [block.endIndex == bytes.count ? 1 : 0, low, high, ~low, ~high]
            stream += block
        }
        var (first, second) = (1, 0)
        for byte in bytes {
            first = (first + Int(byte)) % 65_521
            second = (second + first) % 65_521
        }
        return stream + word(second << 16 | first)
    }

    private static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + content
        return word(content.count) + body + word(Int(~body.reduce(~UInt32(0)) { crc($0, $1) }))
    }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
    }

    private static func crc(_ value: UInt32, _ byte: UInt8) -> UInt32 {
        table[Int((value ^ UInt32(byte)) & 255)] ^ value >> 8
    }

    private static func word(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
