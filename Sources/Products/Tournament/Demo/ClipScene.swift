/// A drawn scene in motion: what a clip of the demo season shows.
///
/// A pure function of its number. The same description gives the poster (one SVG, at once) and the layers and movements
/// from which ffmpeg draws the film, so that the first frame is the poster. All movements repeat after eight seconds.
struct ClipScene: Sendable {
    /// Width and height of poster and film, in pixels.
    static let size = (width: 360, height: 640)
    /// Length of the film, in seconds; all movements repeat after it.
    static let seconds = 8

    /// A picture with transparency that moves over those before it.
    struct Layer: Sendable {
        var width: Int
        var height: Int
        /// The inside of an SVG of this size.
        var drawing: String
        var motion: Motion
    }

    /// The sky behind everything: the inside of an SVG of the full size.
    let backdrop: String
    /// Back to front.
    let layers: [Layer]

    /// The scene of a number; neighbours differ in subject and palette.
    init(number: Int) {
        var brush = ClipBrush(number: number)
        backdrop = brush.backdrop()
        layers = brush.subject(number)
    }

    /// The poster: the scene at rest, a few kilobytes.
    var poster: String {
        var body = backdrop
        for layer in layers {
            let place = layer.motion.start
            body += "<svg x=\"\(place.x)\" y=\"\(place.y)\" width=\"\(layer.width)\" height=\"\(layer.height)\">"
            body += layer.drawing + "</svg>"
        }
        return Self.document(body, width: Self.size.width, height: Self.size.height)
    }

    /// A whole SVG document around its inside.
    static func document(_ body: String, width: Int, height: Int) -> String {
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"\(height)\" "
            + "viewBox=\"0 0 \(width) \(height)\">\(body)</svg>"
    }
}

extension ClipScene {
    /// How a layer moves; whole turns in eight seconds, so that the film is a loop.
    enum Motion: Sendable {
        case still(x: Int, y: Int)
        /// Swings around a place: reach in pixels, turns in eight seconds, phase in tenths of a turn.
        case swing(x: Int, y: Int, reachX: Int, reachY: Int, turns: Int, phase: Int)
        /// Crosses `span` pixels to the right (negative: to the left) `turns` times and starts again.
        case drift(x: Int, y: Int, span: Int, turns: Int)
        /// Crosses `span` pixels downwards (negative: upwards) `turns` times and starts again.
        case fall(x: Int, y: Int, span: Int, turns: Int)

        /// The place at the beginning.
        var start: (x: Int, y: Int) {
            switch self {
            case .still(let x, let y), .drift(let x, let y, _, _), .fall(let x, let y, _, _): return (x, y)
            case .swing(let x, let y, let reachX, let reachY, _, let phase):
                let (sine, cosine) = Self.tenths[((phase % 10) + 10) % 10]
                return (x + Int(Double(reachX) * sine), y + Int(Double(reachY) * cosine))
            }
        }

        /// The place at time `t` as expressions of ffmpeg.
        var expressions: (x: String, y: String) {
            switch self {
            case .still(let x, let y): return ("\(x)", "\(y)")
            case .swing(let x, let y, let reachX, let reachY, let turns, let phase):
                let angle = "2*PI*(\(turns)*t/\(ClipScene.seconds)+\(phase)/10)"
                return ("\(x)+\(reachX)*sin(\(angle))", "\(y)+\(reachY)*cos(\(angle))")
            case .drift(let x, let y, let span, let turns): return (Self.travel(x, span, turns), "\(y)")
            case .fall(let x, let y, let span, let turns): return ("\(x)", Self.travel(y, span, turns))
            }
        }

        private static func travel(_ from: Int, _ span: Int, _ turns: Int) -> String {
            let way = "mod(\(abs(span))*\(turns)*t/\(ClipScene.seconds)\\,\(abs(span)))"
            return span < 0 ? "\(from)-\(way)" : "\(from)+\(way)"
        }

        /// Sine and cosine of tenths of a turn, so that this file needs no mathematics library.
        private static let tenths: [(Double, Double)] = [
            (0, 1), (0.588, 0.809), (0.951, 0.309), (0.951, -0.309), (0.588, -0.809), (0, -1), (-0.588, -0.809),
            (-0.951, -0.309), (-0.951, 0.309), (-0.588, 0.809),
        ]
    }
}
