#include "render/llvmpipe.h"

#ifndef VOLANTE_LLVMPIPE

namespace volante {

struct Llvmpipe::Impl {
  std::string renderer;
};
Llvmpipe::Llvmpipe(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Llvmpipe::~Llvmpipe() = default;
std::unique_ptr<Llvmpipe> Llvmpipe::Open(int, int, Grid, std::string& why_not) {
  why_not = "built without EGL and OpenGL ES (libegl-dev, libgles-dev), or with TSan";
  return nullptr;
}
void Llvmpipe::Add(const Projection&, std::span<const std::array<double, 3>>) {}
void Llvmpipe::Fill(const std::array<float, 3>&, float) {}
void Llvmpipe::Fill(std::span<const uint8_t>) {}
void Llvmpipe::Clear() {}
std::vector<float> Llvmpipe::Read(Overlap) { return {}; }
const std::string& Llvmpipe::renderer() const { return impl_->renderer; }

}  // namespace volante

#else

#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GLES3/gl3.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <stdexcept>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

namespace volante {

namespace {

// Mesa and LLVM keep some memory for ever: no leak of ours.
#ifdef __SANITIZE_ADDRESS__
using LeaksAreMesas = __lsan::ScopedDisabler;
#else
struct LeaksAreMesas {
  LeaksAreMesas() {}  // NOLINT: not trivial, so that an unused one is no warning
};
#endif

// A point of the path to the large image: project, then turn and scale. Depths from near_m on pass.
constexpr const char* kDrawVertex = R"(#version 300 es
in highp vec3 point;           // (u w, v w, w)
uniform highp vec4 grid;       // a, b, shift of rows, near_m
uniform highp float size;      // of the large image
void main() {
  highp float x = grid.x * point.x + grid.y * point.y;
  highp float y = grid.x * point.y - grid.y * point.x + grid.z * point.z;
  highp float w = point.z;
  gl_Position = vec4(2.0 * x / size - w, 2.0 * y / size - w, w - 2.0 * grid.w, w);
}
)";
constexpr const char* kDrawFragment = R"(#version 300 es
out highp float winding;
void main() { winding = gl_FrontFacing ? 1.0 : -1.0; }
)";
// A pixel of the picture: counts its samples that are wound around.
constexpr const char* kCountVertex = R"(#version 300 es
in highp vec3 point;
void main() { gl_Position = vec4(point.xy, 0.0, 1.0); }
)";
constexpr const char* kCountFragment = R"(#version 300 es
uniform highp sampler2D windings;
uniform highp sampler2D paint;
uniform highp vec4 color;      // and opacity
uniform int painted;
uniform ivec3 turn;            // a, b, shift of rows
layout(location = 0) out highp vec4 sum;
layout(location = 1) out highp vec4 whole;
void main() {
  highp ivec2 pixel = ivec2(gl_FragCoord.xy);
  int a = turn.x, b = turn.y, n = a * a + b * b, wound = 0, covered = 0;
  ivec2 corner = ivec2(a * pixel.x + b * pixel.y, a * pixel.y - b * pixel.x + turn.z);
  highp float fa = float(a), fb = float(b), fn = float(n);
  for (int y = -b; y < a; ++y) {
    // A sample (x, y) from the corner lies at (a x - b y, b x + a y) / n in the pixel.
    highp float row = float(y) + 0.5;
    highp float from = max(fb * row / fa, -fa * row / fb);
    highp float to = min((fn + fb * row) / fa, (fn - fa * row) / fb);
    int end = int(ceil(to - 0.5));
    for (int x = int(ceil(from - 0.5)); x < end; ++x) {
      int times = int(texelFetch(windings, corner + ivec2(x, y), 0).r);
      wound += times;
      covered += times != 0 ? 1 : 0;
    }
  }
  highp vec3 rgb = painted == 1 ? texelFetch(paint, pixel, 0).rgb * 255.0 : color.rgb;
  sum = vec4(rgb, color.a * min(abs(float(wound)) / float(n), 1.0));
  whole = vec4(rgb, color.a * float(covered) / float(n));
}
)";

GLuint Compile(GLenum kind, const char* text) {
  const GLuint shader = glCreateShader(kind);
  glShaderSource(shader, 1, &text, nullptr);
  glCompileShader(shader);
  GLint done = 0;
  glGetShaderiv(shader, GL_COMPILE_STATUS, &done);
  if (done == 0) {
    std::array<char, 1000> log{};
    glGetShaderInfoLog(shader, log.size() - 1, nullptr, log.data());
    throw std::runtime_error(log.data());
  }
  return shader;
}

GLuint Link(const char* vertex, const char* fragment) {
  const GLuint program = glCreateProgram();
  glAttachShader(program, Compile(GL_VERTEX_SHADER, vertex));
  glAttachShader(program, Compile(GL_FRAGMENT_SHADER, fragment));
  glBindAttribLocation(program, 0, "point");
  glLinkProgram(program);
  GLint done = 0;
  glGetProgramiv(program, GL_LINK_STATUS, &done);
  if (done == 0) throw std::runtime_error("a program does not link");
  return program;
}

constexpr std::array<GLenum, 2> kPlanes = {GL_COLOR_ATTACHMENT0, GL_COLOR_ATTACHMENT1};

// What is drawn to: one picture, or two at once.
struct Target {
  std::array<GLuint, 2> textures{};
  GLuint frame = 0;
};
Target MakeTarget(GLenum format, int width, int height, int planes) {
  Target t;
  glGenFramebuffers(1, &t.frame);
  glBindFramebuffer(GL_FRAMEBUFFER, t.frame);
  glGenTextures(planes, t.textures.data());
  for (size_t k = 0; k < static_cast<size_t>(planes); ++k) {
    glBindTexture(GL_TEXTURE_2D, t.textures[k]);
    glTexStorage2D(GL_TEXTURE_2D, 1, format, width, height);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
    glFramebufferTexture2D(GL_FRAMEBUFFER, kPlanes[k], GL_TEXTURE_2D, t.textures[k], 0);
  }
  glDrawBuffers(planes, kPlanes.data());
  if (glCheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE) {
    throw std::runtime_error("no picture of floats can be drawn to");
  }
  glClearColor(0, 0, 0, 0);
  glClear(GL_COLOR_BUFFER_BIT);
  return t;
}

}  // namespace

struct Llvmpipe::Impl {
  EGLDisplay display = EGL_NO_DISPLAY;
  EGLContext context = EGL_NO_CONTEXT;
  int width = 0, height = 0, size_x = 0, size_y = 0;
  Grid grid;
  std::string renderer;
  GLuint draw = 0, count = 0, vertices = 0, paint = 0;
  Target windings, picture;
  std::vector<float> triangles;  // of the path, three floats a point
  float near_m = 0.2f;
  float low_u = 1e9f, high_u = -1e9f, low_v = 1e9f, high_v = -1e9f;  // where it can be, pixels

  ~Impl() {
    const LeaksAreMesas leaks;
    if (display == EGL_NO_DISPLAY) return;
    eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
    if (context != EGL_NO_CONTEXT) eglDestroyContext(display, context);
    eglTerminate(display);
  }

  // Throws std::runtime_error.
  void Start() {
    const LeaksAreMesas leaks;
    // Software, even on a machine that has a graphics card.
    setenv("LIBGL_ALWAYS_SOFTWARE", "1", 1);
    setenv("GALLIUM_DRIVER", "llvmpipe", 1);
    setenv("LP_NUM_THREADS", "2", 1);
    display = eglGetPlatformDisplay(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, nullptr);
    if (display == EGL_NO_DISPLAY || eglInitialize(display, nullptr, nullptr) == EGL_FALSE) {
      display = EGL_NO_DISPLAY;
      throw std::runtime_error("EGL has no surfaceless display (libegl-mesa0, libgl1-mesa-dri)");
    }
    constexpr EGLint kVersion[] = {EGL_CONTEXT_MAJOR_VERSION, 3, EGL_NONE};
    if (eglBindAPI(EGL_OPENGL_ES_API) == EGL_TRUE) {
      context = eglCreateContext(display, EGL_NO_CONFIG_KHR, EGL_NO_CONTEXT, kVersion);
    }
    if (context == EGL_NO_CONTEXT ||
        eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, context) == EGL_FALSE) {
      throw std::runtime_error("EGL makes no context of OpenGL ES 3");
    }
    renderer = reinterpret_cast<const char*>(glGetString(GL_RENDERER));
    draw = Link(kDrawVertex, kDrawFragment);
    count = Link(kCountVertex, kCountFragment);
    windings = MakeTarget(GL_R32F, size_x, size_y, 1);
    picture = MakeTarget(GL_RGBA32F, width, height, 2);
    glGenTextures(1, &paint);
    glGenBuffers(1, &vertices);
    glBindBuffer(GL_ARRAY_BUFFER, vertices);
    glVertexAttribPointer(0, 3, GL_FLOAT, GL_FALSE, 0, nullptr);
    glEnableVertexAttribArray(0);
    glEnable(GL_BLEND);
    glEnable(GL_SCISSOR_TEST);
    glPixelStorei(GL_UNPACK_ALIGNMENT, 1);
    glUseProgram(count);
    glUniform1i(glGetUniformLocation(count, "paint"), 1);
    glUniform3i(glGetUniformLocation(count, "turn"), grid.a, grid.b, grid.b * width);
    glUseProgram(draw);
    glUniform1f(glGetUniformLocation(draw, "size"), static_cast<float>(size_x));
  }

  void Draw(const std::vector<float>& points) const {
    glBufferData(GL_ARRAY_BUFFER, static_cast<GLsizeiptr>(points.size() * sizeof(float)),
                 points.data(), GL_STREAM_DRAW);
    glDrawArrays(GL_TRIANGLES, 0, static_cast<GLsizei>(points.size() / 3));
  }

  void Fill(const std::array<float, 3>& rgb, float opacity, bool painted) {
    const LeaksAreMesas leaks;
    const int u0 = std::max(0, static_cast<int>(std::floor(std::max(low_u, -1.0f))));
    const int v0 = std::max(0, static_cast<int>(std::floor(std::max(low_v, -1.0f))));
    const int u1 = static_cast<int>(std::ceil(std::min(high_u, static_cast<float>(width))));
    const int v1 = static_cast<int>(std::ceil(std::min(high_v, static_cast<float>(height))));
    if (!triangles.empty() && u0 < u1 && v0 < v1) {
      // The large image's box of these pixels.
      const int x0 = grid.a * u0 + grid.b * v0, x1 = grid.a * u1 + grid.b * v1;
      const int y0 = grid.a * v0 - grid.b * u1 + grid.b * width;
      const int y1 = grid.a * v1 - grid.b * u0 + grid.b * width;
      glBindFramebuffer(GL_FRAMEBUFFER, windings.frame);
      glViewport(0, 0, size_x, size_y);
      glScissor(x0, y0, x1 - x0, y1 - y0);
      glClear(GL_COLOR_BUFFER_BIT);
      glBlendFunc(GL_ONE, GL_ONE);
      glUseProgram(draw);
      glUniform4f(glGetUniformLocation(draw, "grid"), static_cast<float>(grid.a),
                  static_cast<float>(grid.b), static_cast<float>(grid.b * width), near_m);
      Draw(triangles);

      glBindFramebuffer(GL_FRAMEBUFFER, picture.frame);
      glViewport(0, 0, width, height);
      glScissor(u0, v0, u1 - u0, v1 - v0);
      glBlendFunc(GL_SRC_ALPHA, GL_ONE_MINUS_SRC_ALPHA);
      glActiveTexture(GL_TEXTURE0);
      glBindTexture(GL_TEXTURE_2D, windings.textures[0]);
      glUseProgram(count);
      glUniform4f(glGetUniformLocation(count, "color"), rgb[0], rgb[1], rgb[2], opacity);
      glUniform1i(glGetUniformLocation(count, "painted"), painted ? 1 : 0);
      Draw({-1, -1, 0, 3, -1, 0, -1, 3, 0});
      if (glGetError() != GL_NO_ERROR) throw std::runtime_error("OpenGL reports an error");
    }
    triangles.clear();
    low_u = low_v = 1e9f;
    high_u = high_v = -1e9f;
  }
};

Llvmpipe::Llvmpipe(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Llvmpipe::~Llvmpipe() = default;

std::unique_ptr<Llvmpipe> Llvmpipe::Open(int width, int height, Grid grid, std::string& why_not) {
  auto impl = std::make_unique<Impl>();
  impl->width = width;
  impl->height = height;
  impl->grid = grid;
  impl->size_x = impl->size_y = (grid.a + grid.b) * std::max(width, height);
  try {
    impl->Start();
  } catch (const std::runtime_error& error) {
    why_not = error.what();
    return nullptr;
  }
  return std::unique_ptr<Llvmpipe>(new Llvmpipe(std::move(impl)));
}

void Llvmpipe::Add(const Projection& projection, std::span<const std::array<double, 3>> points) {
  Impl& s = *impl_;
  s.near_m = static_cast<float>(projection.near_m);
  std::vector<std::array<float, 3>> projected;
  bool behind = false;
  for (const auto& p : points) {
    std::array<float, 3> q{};
    for (size_t i = 0; i < 3; ++i) {
      const double* row = projection.rows.data() + 4 * i;
      q[i] = static_cast<float>(row[0] * p[0] + row[1] * p[1] + row[2] * p[2] + row[3]);
    }
    behind = behind || q[2] < s.near_m;
    projected.push_back(q);
  }
  if (behind) {
    s.low_u = s.low_v = -1.0f;
    s.high_u = s.high_v = 1e9f;
  }
  for (size_t i = 0; i < projected.size() && !behind; ++i) {
    const float u = projected[i][0] / projected[i][2], v = projected[i][1] / projected[i][2];
    s.low_u = std::min(s.low_u, u);
    s.high_u = std::max(s.high_u, u);
    s.low_v = std::min(s.low_v, v);
    s.high_v = std::max(s.high_v, v);
  }
  // A fan whose triangles' windings add up to the outline's, whether it is convex or not.
  for (size_t i = 1; i + 1 < projected.size(); ++i) {
    for (const size_t k : {size_t{0}, i, i + 1}) {
      s.triangles.insert(s.triangles.end(), projected[k].begin(), projected[k].end());
    }
  }
}

void Llvmpipe::Fill(const std::array<float, 3>& rgb, float opacity) {
  impl_->Fill(rgb, opacity, false);
}

void Llvmpipe::Fill(std::span<const uint8_t> rgb) {
  const LeaksAreMesas leaks;
  Impl& s = *impl_;
  glActiveTexture(GL_TEXTURE1);
  glBindTexture(GL_TEXTURE_2D, s.paint);
  glTexImage2D(GL_TEXTURE_2D, 0, GL_RGB8, s.width, s.height, 0, GL_RGB, GL_UNSIGNED_BYTE,
               rgb.data());
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
  s.Fill({0, 0, 0}, 1.0f, true);
}

void Llvmpipe::Clear() {
  const LeaksAreMesas leaks;
  glBindFramebuffer(GL_FRAMEBUFFER, impl_->picture.frame);
  glScissor(0, 0, impl_->width, impl_->height);
  glClear(GL_COLOR_BUFFER_BIT);
}

std::vector<float> Llvmpipe::Read(Overlap overlap) {
  const LeaksAreMesas leaks;
  const auto pixels = static_cast<size_t>(impl_->width) * static_cast<size_t>(impl_->height);
  std::vector<float> rgba(4 * pixels), rgb(3 * pixels);
  glBindFramebuffer(GL_FRAMEBUFFER, impl_->picture.frame);
  glReadBuffer(kPlanes[overlap == Overlap::kAddsUp ? 0 : 1]);
  glReadPixels(0, 0, impl_->width, impl_->height, GL_RGBA, GL_FLOAT, rgba.data());
  for (size_t i = 0; i < 3 * pixels; ++i) rgb[i] = rgba[i / 3 * 4 + i % 3];
  return rgb;
}

const std::string& Llvmpipe::renderer() const { return impl_->renderer; }

}  // namespace volante

#endif
