/// Draws the subjects of demo clips with seeded variety.
struct ClipBrush {
    private var state: UInt64
    private let palette: ClipPalette
    private let width = ClipScene.size.width
    private let height = ClipScene.size.height
    private var horizon = 0

    typealias Layer = ClipScene.Layer

    init(number: Int) {
        state = UInt64(truncatingIfNeeded: number) &* 0x9E37_79B9_7F4A_7C15 &+ 0x2545_F491_4F6C_DD1D
        // 13 palettes and 12 subjects share no factor: 156 numbers pass before a pair repeats.
        palette = ClipPalette.all[number * 5 % ClipPalette.all.count]
        horizon = 330 + below(7) * 16
    }

    private mutating func below(_ bound: Int) -> Int {
        state = state &+ 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((bits ^ (bits >> 31)) >> 33) % bound
    }

    private mutating func between(_ low: Int, _ high: Int) -> Int { low + below(high - low + 1) }

    /// The sky: the inside of an SVG of the full size.
    func backdrop() -> String {
        "<defs><linearGradient id=\"sky\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"1\"><stop stop-color=\"\(palette.skyTop)\"/>"
            + "<stop offset=\".72\" stop-color=\"\(palette.skyBottom)\"/></linearGradient></defs>"
            + "<rect width=\"\(width)\" height=\"\(height)\" fill=\"url(#sky)\"/>"
    }

    /// The layers of the subject that a number stands for, back to front.
    mutating func subject(_ number: Int) -> [Layer] {
        switch number % 12 {
        case 0: stars(26) + [disc(34, palette.light)] + sea(3) + lighthouse()
        case 1: [disc(78, palette.light)] + sea(4) + boats(1)
        case 2: stars(40) + [disc(46, palette.light)] + hills() + birds(3)
        case 3: clouds(3) + sea(3) + boats(2) + birds(2)
        case 4: lamps(5)
        case 5: deep() + fish(5) + bubbles(4)
        case 6: clouds(2) + hills() + balloons(3)
        case 7: circles()
        case 8: rain() + sea(4) + lighthouse()
        case 9: [disc(60, palette.note)] + hills() + clouds(2)
        case 10: windows()
        default: stars(30) + sea(2) + whale() + [disc(28, palette.light)]
        }
    }

    // MARK: Sky

    private mutating func disc(_ radius: Int, _ colour: String) -> Layer {
        let size = radius * 4
        let centre = size / 2
        let drawing =
            "<circle cx=\"\(centre)\" cy=\"\(centre)\" r=\"\(radius * 2)\" fill=\"\(colour)\" opacity=\".12\"/>"
            + "<circle cx=\"\(centre)\" cy=\"\(centre)\" r=\"\(radius * 3 / 2)\" fill=\"\(colour)\" opacity=\".18\"/>"
            + "<circle cx=\"\(centre)\" cy=\"\(centre)\" r=\"\(radius)\" fill=\"\(colour)\"/>"
        let x = between(40, 300) - centre
        let y = between(110, 250) - centre
        return Layer(
            width: size, height: size, drawing: drawing,
            motion: .swing(x: x, y: y, reachX: 6, reachY: 26, turns: 1, phase: below(10)))
    }

    private mutating func stars(_ count: Int) -> [Layer] {
        var drawing = ""
        for _ in 0..<count {
            let radius = below(3) == 0 ? 1.6 : 0.9
            drawing += "<circle cx=\"\(below(400))\" cy=\"\(below(300))\" r=\"\(radius)\"/>"
        }
        return [
            Layer(
                width: 400, height: 300,
                drawing: "<g fill=\"\(palette.light)\" opacity=\".8\">\(drawing)</g>",
                motion: .swing(x: -20, y: 0, reachX: 14, reachY: 4, turns: 1, phase: 0))
        ]
    }

    private mutating func clouds(_ count: Int) -> [Layer] {
        (0..<count).map { _ in
            let drawing =
                "<g fill=\"\(palette.light)\" opacity=\".\(between(5, 8))\"><rect x=\"10\" y=\"34\" width=\"140\" "
                + "height=\"28\" rx=\"14\"/><circle cx=\"58\" cy=\"38\" r=\"24\"/><circle cx=\"92\" cy=\"32\" r=\"30\"/></g>"
            return Layer(
                width: 160, height: 66, drawing: drawing,
                motion: .swing(
                    x: between(-20, 220), y: between(60, 230), reachX: between(24, 60), reachY: 4, turns: 1,
                    phase: below(10)))
        }
    }

    private mutating func birds(_ count: Int) -> [Layer] {
        (0..<count).map { index in
            let drawing =
                "<path d=\"M2 16Q12 4 20 14Q28 4 38 16Q28 10 20 18Q12 10 2 16z\" fill=\"\(palette.near)\"/>"
            return Layer(
                width: 40, height: 22, drawing: drawing,
                motion: .swing(
                    x: between(60, 260), y: between(80, 280), reachX: between(40, 110), reachY: between(10, 40),
                    turns: 1 + index % 2, phase: below(10)))
        }
    }

    private mutating func rain() -> [Layer] {
        (1...2).map { turn in
            var drawing = ""
            for _ in 0..<46 {
                let (x, y) = (below(380), below(640))
                // Twice the height, so that the pattern can fall by one height and be where it was.
                drawing += "<path d=\"M\(x) \(y)l-3 18M\(x) \(y + 640)l-3 18\"/>"
            }
            return Layer(
                width: 380, height: 1300,
                drawing: "<g stroke=\"\(palette.light)\" stroke-width=\"1.5\" opacity=\".4\">\(drawing)</g>",
                motion: .fall(x: -10, y: -640, span: 640, turns: turn * 4))
        }
    }

    // MARK: Land and water

    private mutating func sea(_ rows: Int) -> [Layer] {
        let colours = [palette.far, palette.middle, palette.near, palette.near]
        return (0..<rows).map { row in
            let wave = [180, 120, 240][below(3)]
            let crest = between(10, 16) + row * 2
            var path = "M0 \(crest)"
            for _ in 0..<(720 / wave + 2) {
                path += "q\(wave / 4) \(-crest) \(wave / 2) 0t\(wave / 2) 0"
            }
            let drawing = "<path d=\"\(path)V400H0z\" fill=\"\(colours[row])\" opacity=\"\(row == 3 ? "1" : ".94")\"/>"
            let step = (640 - horizon) / (rows + 1)
            return Layer(
                width: 720, height: 400, drawing: drawing,
                motion: .drift(
                    x: row % 2 == 0 ? 0 : -wave, y: horizon + row * step, span: row % 2 == 0 ? -wave : wave,
                    turns: 1 + row))
        }
    }

    private mutating func hills() -> [Layer] {
        let colours = [palette.far, palette.middle, palette.near]
        return (0..<3).map { row in
            var path = "M-20 \(70 + below(40))"
            for step in 1...5 {
                let x = step * 120 - 20
                path += "Q\(x - 60) \(between(-20, 90)) \(x) \(between(40, 110))"
            }
            return Layer(
                width: 560, height: 420, drawing: "<path d=\"\(path)V420H-20z\" fill=\"\(colours[row])\"/>",
                motion: .swing(
                    x: -90, y: horizon - 90 + row * 88, reachX: 18 + row * 24, reachY: 0, turns: 1, phase: below(10)))
        }
    }

    private mutating func lighthouse() -> [Layer] {
        let x = between(60, 230)
        let beam =
            "<defs><linearGradient id=\"beam\"><stop stop-color=\"\(palette.light)\" stop-opacity=\".0\"/>"
            + "<stop offset=\".5\" stop-color=\"\(palette.light)\" stop-opacity=\".75\"/>"
            + "<stop offset=\"1\" stop-color=\"\(palette.light)\" stop-opacity=\"0\"/></linearGradient></defs>"
            + "<path d=\"M0 0L300 52L600 0V130L300 64L0 130z\" fill=\"url(#beam)\"/>"
        let tower =
            "<path d=\"M24 52L18 330H82L76 52z\" fill=\"\(palette.light)\"/>"
            + "<path d=\"M22.6 110L21.2 170H78.8L77.4 110zM20 230L18.7 290H81.3L80 230z\" fill=\"\(palette.note)\"/>"
            + "<path d=\"M16 52H84V44H16zM30 44V18H70V44zM26 18L50 0L74 18z\" fill=\"\(palette.near)\"/>"
            + "<rect x=\"38\" y=\"22\" width=\"24\" height=\"20\" rx=\"3\" fill=\"\(palette.light)\"/>"
            + "<path d=\"M-110 400Q-30 290 50 300Q130 290 210 400V420H-110z\" fill=\"\(palette.near)\"/>"
        let y = horizon - 210
        return [
            Layer(
                width: 600, height: 130, drawing: beam,
                motion: .swing(x: x + 50 - 300, y: y - 28, reachX: 210, reachY: 5, turns: 2, phase: below(10))),
            Layer(
                width: 320, height: 420, drawing: "<g transform=\"translate(110)\">\(tower)</g>",
                motion: .still(x: x - 110, y: y)),
            Layer(
                width: 720, height: 200,
                drawing:
                    "<path d=\"M0 26q45-24 90 0t90 0t90 0t90 0t90 0t90 0t90 0t90 0V200H0z\" fill=\"\(palette.near)\"/>",
                motion: .drift(x: 0, y: 540, span: -180, turns: 3)),
        ]
    }

    private mutating func boats(_ count: Int) -> [Layer] {
        (0..<count).map { index in
            let drawing =
                "<path d=\"M10 92H130L112 120H28z\" fill=\"\(palette.near)\"/>"
                + "<path d=\"M68 6V86H20z\" fill=\"\(palette.light)\"/><path d=\"M74 20V86H118z\" fill=\"\(palette.note)\"/>"
            return Layer(
                width: 140, height: 124, drawing: drawing,
                motion: .swing(
                    x: between(30, 190), y: horizon - 40 + index * 84, reachX: between(20, 70), reachY: 8,
                    turns: 1, phase: below(10)))
        }
    }

    private mutating func whale() -> [Layer] {
        let body =
            "<path d=\"M6 78Q40 14 130 20Q210 26 236 70Q250 52 278 44Q268 62 272 72Q284 82 292 98Q262 98 244 86"
            + "Q200 128 110 122Q40 118 6 78z\" fill=\"\(palette.middle)\"/><circle cx=\"58\" cy=\"68\" r=\"4\" "
            + "fill=\"\(palette.light)\"/><path d=\"M18 88Q80 116 150 108Q100 128 54 112z\" fill=\"\(palette.light)\" opacity=\".7\"/>"
        let spout =
            "<g fill=\"none\" stroke=\"\(palette.light)\" stroke-width=\"5\" stroke-linecap=\"round\">"
            + "<path d=\"M40 88Q40 30 14 24M40 88Q40 20 66 18M40 88V30\"/></g>"
        let (x, y) = (between(10, 70), horizon - 20)
        return [
            Layer(
                width: 80, height: 90, drawing: spout,
                motion: .swing(x: x + 70, y: y - 60, reachX: 0, reachY: 34, turns: 2, phase: 2)),
            Layer(
                width: 300, height: 132, drawing: body,
                motion: .swing(x: x, y: y, reachX: 16, reachY: 20, turns: 1, phase: 0)),
            Layer(
                width: 720, height: 260,
                drawing:
                    "<path d=\"M0 26q45-24 90 0t90 0t90 0t90 0t90 0t90 0t90 0t90 0V260H0z\" fill=\"\(palette.near)\"/>",
                motion: .drift(x: 0, y: horizon + 84, span: -180, turns: 1)),
        ]
    }

    // MARK: Deep water

    private mutating func deep() -> [Layer] {
        var rays = ""
        for index in 0..<5 {
            let x = index * 110 + below(60)
            rays += "<path d=\"M\(x) 0L\(x + 50) 0L\(x - 40) 640L\(x - 150) 640z\"/>"
        }
        return [
            Layer(
                width: 620, height: 640, drawing: "<g fill=\"\(palette.light)\" opacity=\".13\">\(rays)</g>",
                motion: .swing(x: -80, y: 0, reachX: 50, reachY: 0, turns: 1, phase: 0)),
            Layer(
                width: 400, height: 160,
                drawing: "<path d=\"M0 90Q60 30 120 70T250 60T400 40V160H0z\" fill=\"\(palette.near)\"/>",
                motion: .still(x: -20, y: 500)),
        ]
    }

    private mutating func fish(_ count: Int) -> [Layer] {
        (0..<count).map { index in
            let colour = index % 2 == 0 ? palette.note : palette.light
            let size = between(8, 13)
            let drawing =
                "<g transform=\"scale(.\(size < 10 ? "\(size)" : "99"))\"><path d=\"M4 30Q34 2 74 26L98 8Q92 30 98 52L74 34"
                + "Q34 58 4 30z\" fill=\"\(colour)\"/><circle cx=\"24\" cy=\"26\" r=\"3.5\" fill=\"\(palette.near)\"/></g>"
            return Layer(
                width: 100, height: 60, drawing: drawing,
                motion: .swing(
                    x: between(70, 190), y: 70 + index * 92, reachX: between(50, 120), reachY: between(6, 22), turns: 1,
                    phase: below(10)))
        }
    }

    private mutating func bubbles(_ count: Int) -> [Layer] {
        (0..<count).map { index in
            let drawing =
                "<g fill=\"none\" stroke=\"\(palette.light)\" stroke-width=\"2\" opacity=\".7\"><circle cx=\"15\" cy=\"16\" "
                + "r=\"12\"/><circle cx=\"34\" cy=\"44\" r=\"6\"/><circle cx=\"18\" cy=\"70\" r=\"8\"/></g>"
            return Layer(
                width: 46, height: 84, drawing: drawing,
                motion: .fall(x: 30 + index * 84 + below(30), y: 640, span: -740, turns: 1 + index % 2))
        }
    }

    // MARK: Other things

    private mutating func lamps(_ count: Int) -> [Layer] {
        let order = (0..<count).map { index in
            let drawing =
                "<circle cx=\"50\" cy=\"60\" r=\"50\" fill=\"\(palette.note)\" opacity=\".16\"/><path d=\"M24 30Q50 18 76 30"
                + "L70 96Q50 106 30 96z\" fill=\"\(index % 2 == 0 ? palette.note : palette.light)\"/>"
                + "<ellipse cx=\"50\" cy=\"96\" rx=\"18\" ry=\"5\" fill=\"\(palette.light)\" opacity=\".9\"/>"
            return Layer(
                width: 100, height: 112, drawing: drawing,
                motion: .swing(
                    x: between(10, 250), y: 40 + index * 96, reachX: between(10, 30), reachY: between(20, 50), turns: 1,
                    phase: below(10)))
        }
        return stars(36) + order + hills().suffix(1)
    }

    private mutating func balloons(_ count: Int) -> [Layer] {
        (0..<count).map { index in
            let colour = [palette.note, palette.light, palette.middle][index % 3]
            let drawing =
                "<path d=\"M60 0C98 0 116 28 116 56C116 92 78 120 72 132H48C42 120 4 92 4 56C4 28 22 0 60 0z\" fill=\"\(colour)\"/>"
                + "<path d=\"M60 0C76 20 82 40 82 60C82 92 70 116 66 132H54C50 116 38 92 38 60C38 40 44 20 60 0z\" "
                + "fill=\"\(palette.near)\" opacity=\".22\"/><path d=\"M46 146H74V166H46zM48 132L48 146M72 132L72 146\" "
                + "fill=\"\(palette.near)\" stroke=\"\(palette.near)\" stroke-width=\"1.5\"/>"
            return Layer(
                width: 120, height: 168, drawing: drawing,
                motion: .swing(
                    x: 20 + index * 96 + below(30), y: between(70, 260), reachX: between(8, 24),
                    reachY: between(30, 70),
                    turns: 1, phase: below(10)))
        }
    }

    private mutating func circles() -> [Layer] {
        let colours = [palette.note, palette.light, palette.middle, palette.near, palette.far, palette.note]
        return colours.enumerated().map { index, colour in
            let radius = between(24, 74)
            let size = radius * 2
            let ring = index % 3 == 1
            let style =
                ring
                ? "fill=\"none\" stroke=\"\(colour)\" stroke-width=\"9\""
                : "fill=\"\(colour)\" opacity=\".88\""
            return Layer(
                width: size, height: size,
                drawing: "<circle cx=\"\(radius)\" cy=\"\(radius)\" r=\"\(ring ? radius - 6 : radius)\" \(style)/>",
                motion: .swing(
                    x: 180 - radius, y: 320 - radius, reachX: between(30, 150), reachY: between(60, 230),
                    turns: 1 + index % 2, phase: below(10)))
        }
    }

    private mutating func windows() -> [Layer] {
        var lit = ""
        for row in 0..<9 {
            for column in 0..<5 where below(5) > 1 {
                lit += "<rect x=\"\(30 + column * 44)\" y=\"\(30 + row * 50)\" width=\"26\" height=\"34\" rx=\"2\"/>"
            }
        }
        let house =
            "<rect width=\"260\" height=\"500\" fill=\"\(palette.near)\"/><g fill=\"\(palette.light)\" opacity=\".85\">\(lit)</g>"
        let tram =
            "<rect y=\"6\" width=\"200\" height=\"70\" rx=\"12\" fill=\"\(palette.note)\"/><g fill=\"\(palette.light)\">"
            + "<rect x=\"14\" y=\"18\" width=\"36\" height=\"26\" rx=\"4\"/><rect x=\"60\" y=\"18\" width=\"36\" height=\"26\" rx=\"4\"/>"
            + "<rect x=\"106\" y=\"18\" width=\"36\" height=\"26\" rx=\"4\"/><rect x=\"152\" y=\"18\" width=\"36\" height=\"26\" rx=\"4\"/></g>"
        return [disc(38, palette.light)] + [
            Layer(
                width: 260, height: 500, drawing: house,
                motion: .swing(x: between(0, 110), y: 170, reachX: 22, reachY: 0, turns: 1, phase: below(10))),
            Layer(
                width: 420, height: 120, drawing: "<rect width=\"420\" height=\"120\" fill=\"\(palette.middle)\"/>",
                motion: .still(x: -20, y: 560)),
            Layer(width: 200, height: 84, drawing: tram, motion: .drift(x: -210, y: 520, span: 600, turns: 2)),
        ]
    }
}
