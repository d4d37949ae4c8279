/// A picture of an invented creator: shapes and two colours, from the creator's number.
struct DemoPortrait: Sendable {
    private let number: Int

    init(_ number: Int) { self.number = number }

    private func pick(_ key: UInt64, _ count: Int) -> Int { Int(DemoUniverse.mix(UInt64(number), key) % UInt64(count)) }

    /// The picture as SVG, about 700 bytes.
    var svg: String {
        let hue = pick(50, 360)
        let ground = "hsl(\(hue) 48% 82%)"
        let cloth = "hsl(\((hue + 150 + pick(51, 60)) % 360) 42% 46%)"
        let skin = ["#f4d3b8", "#e5b590", "#c98f63", "#9a623c", "#6d4227"][pick(52, 5)]
        let hair = ["#1f1713", "#4a2f1d", "#8a5a2b", "#c9a25a", "#9b9a98", "#7a2f1f"][pick(53, 6)]
        let style = pick(54, 4)
        let hairPath = [
            "M30 46c0-16 9-24 20-24s20 8 20 24c-4-9-9-12-20-12s-16 3-20 12z",
            "M28 62c-2-24 4-40 22-40s24 16 22 40c-4-4-5-16-8-22-8 2-18 2-26-2-4 8-6 18-10 24z",
            "M31 42c2-14 9-20 19-20s17 6 19 20c-10-6-28-6-38 0z",
            "M27 52c-3-20 8-32 23-32s26 12 23 32c-2 6-5 8-6 2 0-10-6-16-17-16s-17 6-17 16c-1 6-4 4-6-2z",
        ][style]
        let glasses =
            pick(55, 4) == 0
            ? "<g fill=\"none\" stroke=\"#2b2b2b\" stroke-width=\"1.6\"><circle cx=\"43\" cy=\"49\" r=\"5\"/>"
                + "<circle cx=\"57\" cy=\"49\" r=\"5\"/><path d=\"M48 49h4\"/></g>" : ""
        return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 100 100\" width=\"200\" height=\"200\">"
            + "<rect width=\"100\" height=\"100\" fill=\"\(ground)\"/>"
            + "<path d=\"M14 100c2-22 16-30 36-30s34 8 36 30z\" fill=\"\(cloth)\"/>"
            + "<path d=\"M43 62h14v14c-4 4-10 4-14 0z\" fill=\"\(skin)\"/>"
            + "<ellipse cx=\"50\" cy=\"49\" rx=\"17\" ry=\"20\" fill=\"\(skin)\"/>"
            + "<path d=\"\(hairPath)\" fill=\"\(hair)\"/>"
            + "<circle cx=\"43.500\" cy=\"49\" r=\"1.700\" fill=\"#2b2b2b\"/>"
            + "<circle cx=\"56.500\" cy=\"49\" r=\"1.700\" fill=\"#2b2b2b\"/>"
            + "<path d=\"M44 58c4 3 8 3 12 0\" fill=\"none\" stroke=\"#7a3a2e\" stroke-width=\"1.800\" "
            + "stroke-linecap=\"round\"/>\(glasses)</svg>"
    }
}
