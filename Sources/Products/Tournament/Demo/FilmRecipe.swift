/// How ffmpeg draws a scene: the pictures of its layers and the arguments.
///
/// Each layer is one picture that is read once and laid over the film at a place that moves; a little grain hides the
/// steps of the gradients. The cheapest encoder settings do for eight drawn seconds at 24 frames a second.
struct FilmRecipe: Sendable {
    static let result = "film.mp4"
    private static let framesPerSecond = 24

    /// Files to be written before ffmpeg runs, by name.
    let pictures: [(name: String, text: String)]
    let arguments: [String]

    init(_ scene: ClipScene) {
        let (width, height) = ClipScene.size
        var pictures = [(name: "0.svg", text: ClipScene.document(scene.backdrop, width: width, height: height))]
        var graph = "[0:v]format=yuv420p,loop=loop=-1:size=1,fps=\(Self.framesPerSecond),"
        graph += "setpts=N/\(Self.framesPerSecond)/TB[film0]"
        for (index, layer) in scene.layers.enumerated() {
            let input = index + 1
            pictures.append(
                ("\(input).svg", ClipScene.document(layer.drawing, width: layer.width, height: layer.height)))
            let place = layer.motion.expressions
            // SVG is drawn with its colours multiplied by their opacity, which is undone once per picture.
            graph += ";[\(input):v]format=gbrap,unpremultiply=inplace=1,format=yuva420p[layer\(input)]"
            graph += ";[film\(index)][layer\(input)]overlay=x='\(place.x)':y='\(place.y)':format=yuv420[film\(input)]"
        }
        graph += ";[film\(scene.layers.count)]noise=c0s=9:c0f=t[out]"
        self.pictures = pictures
        var arguments = ["-v", "error", "-y", "-nostdin", "-filter_threads", "1", "-filter_complex_threads", "1"]
        for picture in pictures { arguments += ["-i", picture.name] }
        arguments += ["-filter_complex", graph, "-map", "[out]", "-t", String(ClipScene.seconds), "-an"]
        arguments += ["-c:v", "libx264", "-profile:v", "baseline", "-preset", "ultrafast", "-threads", "1"]
        arguments += ["-pix_fmt", "yuv420p", "-g", "96", "-b:v", "360k", "-maxrate", "700k", "-bufsize", "700k"]
        arguments += ["-movflags", "+faststart", Self.result]
        self.arguments = arguments
    }
}
