// From the caller's memory to tensors: images as uint8 to [-1, 1] in the layout and dtype of the
// convolutions, augmented for training alone; numbers to the learner's dtype.
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/GradMode.h>

#include "base/error.h"
#include "base/random.h"
#include "learn/kernels.h"
#include "learn/td3_impl.h"

namespace volante {
namespace {

// [n] of the device: a field of each augmentation.
template <class Field>
at::Tensor EachOf(const StackAugmentation* augmentations, int64_t n, at::TensorOptions options,
                  const Field& field) {
  std::vector<double> values(static_cast<size_t>(n));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<double>(field(augmentations[i]));
  return at::from_blob(values.data(), {n}, at::kDouble).to(options, false, /*copy=*/true);
}

}  // namespace

at::Tensor StacksToUnitRange(const at::Tensor& stacks, at::ScalarType dtype,
                             const StackAugmentation* augmentations) {
  const at::Tensor gray = stacks.to(dtype);
  if (augmentations == nullptr) return (gray * (2.0 / 255.0)).sub_(1.0);
  const int64_t n = stacks.size(0);
  const at::TensorOptions real = gray.options();
  const auto each = [&](auto field) {
    return EachOf(augmentations, n, real, field).view({n, 1, 1});
  };
  const at::Tensor side = at::arange(kImageSide, real).view({1, -1});
  const auto shifted = [&](auto shift) {
    return (side + EachOf(augmentations, n, real, shift).view({n, 1}))
        .clamp_(0, kImageSide - 1)
        .to(at::kLong);
  };
  const at::Tensor y = shifted([](const StackAugmentation& a) { return a.shift_y_px; });
  const at::Tensor x = shifted([](const StackAugmentation& a) { return a.shift_x_px; });
  const at::Tensor from = (y.unsqueeze(2) * kImageSide + x.unsqueeze(1)).view({n, 1, kImagePixels});
  const at::Tensor moved = gray.flatten(2).gather(2, from.expand({n, kFrameStack, kImagePixels}));
  const at::Tensor brightness = each([](const StackAugmentation& a) { return a.brightness; });
  const at::Tensor contrast = each([](const StackAugmentation& a) { return a.contrast; });
  const at::Tensor mean = gray.flatten(1).mean(1).view({n, 1, 1}) * brightness;
  const at::Tensor seen = mean + contrast * (brightness * moved - mean);
  return (seen * (2.0 / 255.0)).sub_(1.0).clamp_(-1.0, 1.0).view_as(gray);
}

void Td3Learner::Impl::EnsureImageBuffer(at::Tensor& buffer, int64_t n) const {
  if (buffer.defined() && buffer.size(0) == n) return;
  buffer = at::empty(
      {n, kFrameStack, kImageSide, kImageSide},
      tensor_options
          .dtype(config.bf16_encoder ? at::kBFloat16 : tensor_options.dtype().toScalarType())
          .memory_format(at::MemoryFormat::ChannelsLast));
}

at::Tensor Td3Learner::Impl::FromFloats(const float* values, at::IntArrayRef shape) const {
  // from_blob takes a mutable pointer; nothing writes through it.
  return at::from_blob(const_cast<float*>(values), shape, at::kFloat).to(tensor_options);
}

at::Tensor Td3Learner::Impl::StacksAt(const uint8_t* pixels, int64_t n) const {
  return at::from_blob(const_cast<uint8_t*>(pixels), {n, kFrameStack, kImageSide, kImageSide},
                       at::kByte)
      .to(tensor_options.device());
}

at::Tensor Td3Learner::Impl::StacksOf(const std::vector<uint8_t>& pixels,
                                      const std::vector<FrameRef>& frames, int64_t n) {
  if (pixels.empty()) {
    VOLANTE_CHECK(frame_cache && frames.size() == static_cast<size_t>(n * kFrameStack),
                  "a batch for camera_vector holds images, or names frames that are cached");
    return frame_cache->Stacks(frames);
  }
  VOLANTE_CHECK(pixels.size() == static_cast<size_t>(n) * kStackBytes,
                "a batch for camera_vector holds images");
  return StacksAt(pixels.data(), n);
}

void Td3Learner::Impl::FillImages(const at::Tensor& stacks, at::Tensor& buffer,
                                  const StackAugmentation* augmentations) const {
  const int64_t n = stacks.size(0);
  if (!buffer.device().is_cpu()) {
    const at::ScalarType dtype = tensor_options.dtype().toScalarType();
    buffer.narrow(0, 0, n).copy_(StacksToUnitRange(stacks, dtype, augmentations));
    buffer.narrow(0, n, buffer.size(0) - n).zero_();
    return;
  }
  const uint8_t* images = stacks.data_ptr<uint8_t>();
  void* out = buffer.data_ptr();
  switch (buffer.scalar_type()) {
    case at::kFloat:
      ImagesToUnitRange(images, n, static_cast<float*>(out), augmentations);
      break;
    case at::kDouble:
      ImagesToUnitRange(images, n, static_cast<double*>(out), augmentations);
      break;
    default:
      ImagesToUnitRangeBf16(images, n, static_cast<uint16_t*>(out), augmentations);
      break;
  }
  if (n < buffer.size(0)) buffer.narrow(0, n, buffer.size(0) - n).zero_();
}

// One stream per update: for each stack its shift sideways, in height, brightness and contrast.
std::vector<StackAugmentation> Td3Learner::Impl::DrawAugmentations(int64_t n) const {
  const AugmentConfig& augment = options.augment;
  RandomStream random(counters.seed, "augmentation", static_cast<uint64_t>(counters.updates));
  const auto shift = [&](int largest) {
    return static_cast<int>(random.Below(2 * static_cast<uint64_t>(largest) + 1)) - largest;
  };
  std::vector<StackAugmentation> drawn(static_cast<size_t>(2 * n));
  for (StackAugmentation& a : drawn) {
    a.shift_x_px = shift(augment.shift_x_px);
    a.shift_y_px = shift(augment.shift_y_px);
    a.brightness =
        static_cast<float>(1.0 + random.Uniform(-augment.brightness, augment.brightness));
    a.contrast = static_cast<float>(1.0 + random.Uniform(-augment.contrast, augment.contrast));
  }
  return drawn;
}

BatchTensors Td3Learner::Impl::Load(const Batch& batch, bool with_next) {
  const c10::NoGradGuard no_grad;
  const int64_t n = batch.size;
  const auto rows = static_cast<size_t>(n);
  VOLANTE_CHECK(batch.demonstrations >= 0 && batch.demonstrations <= n,
                "demonstrations are rows of the batch");
  VOLANTE_CHECK(batch.label.size() == static_cast<size_t>(batch.demonstrations) * kActionSize,
                "each demonstration has a label");
  VOLANTE_CHECK(n > 0 && batch.action.size() == rows * kActionSize && batch.reward.size() == rows &&
                    batch.discount.size() == rows && batch.weight.size() == rows,
                "a batch holds `size` rows of everything");
  VOLANTE_CHECK((batch.sequences.count > 0) == (config.memory != Memory::kNone),
                "a learner with memory, and no other, is trained on sequences");
  BatchTensors b;
  b.action = FromFloats(batch.action.data(), {n, kActionSize});
  b.reward = FromFloats(batch.reward.data(), {n});
  b.discount = FromFloats(batch.discount.data(), {n});
  if (options.priority == ReplayPriority::kPer) b.weight = FromFloats(batch.weight.data(), {n});
  b.demonstrations = batch.demonstrations;
  if (!batch.label.empty()) {
    b.label = FromFloats(batch.label.data(), {b.demonstrations, kActionSize});
  }
  if (batch.sequences.count > 0) {
    LoadSequences(batch, b);
    return b;
  }
  const int64_t width = VectorSize(options.mode);
  const size_t numbers = rows * static_cast<size_t>(width);
  VOLANTE_CHECK(batch.vector.size() == numbers && batch.next_vector.size() == numbers,
                "a batch holds `size` rows of everything");
  b.vector = FromFloats(batch.vector.data(), {n, width});
  if (with_next) b.next_vector = FromFloats(batch.next_vector.data(), {n, width});
  if (HasImage(options.mode)) LoadImages(batch, with_next, b);
  return b;
}

void Td3Learner::Impl::LoadImages(const Batch& batch, bool with_next, BatchTensors& b) {
  const int64_t n = batch.size;
  VOLANTE_CHECK(batch.has_image, "a batch for camera_vector holds images");
  EnsureImageBuffer(image_buffer, n);
  std::vector<StackAugmentation> drawn;
  if (options.augment.enabled) drawn = DrawAugmentations(n);
  FillImages(StacksOf(batch.image, batch.frames, n), image_buffer,
             drawn.empty() ? nullptr : drawn.data());
  b.image = image_buffer;
  if (!with_next) return;
  EnsureImageBuffer(next_image_buffer, n);
  FillImages(StacksOf(batch.next_image, batch.next_frames, n), next_image_buffer,
             drawn.empty() ? nullptr : drawn.data() + n);
  b.next_image = next_image_buffer;
}

// The steps of the sequences are the first rows of the observations that they bootstrap from too.
// An augmentation is one for a whole sequence: the memory sees motion between its pictures.
void Td3Learner::Impl::LoadSequences(const Batch& batch, BatchTensors& b) {
  const SequenceLayout& layout = batch.sequences;
  const int64_t count = layout.count, steps = layout.steps * count, all = layout.length * count;
  const int64_t width = VectorSize(options.mode);
  VOLANTE_CHECK(batch.vector.size() == static_cast<size_t>(all * width) &&
                    layout.row.size() == batch.reward.size() &&
                    layout.next_row.size() == batch.reward.size(),
                "sequences hold `length` observations each");
  const auto index = [&](const std::vector<int64_t>& rows, int64_t end) {
    for (const int64_t row : rows) VOLANTE_CHECK(row >= 0 && row < end, "a row of the sequences");
    return at::from_blob(const_cast<int64_t*>(rows.data()), {batch.size}, at::kLong)
        .to(tensor_options.device());
  };
  b.how = {.sequences = count, .rows = index(layout.row, steps), .state = {}};
  b.next_how = {.sequences = count, .rows = index(layout.next_row, all), .state = {}};
  b.next_vector = FromFloats(batch.vector.data(), {all, width});
  b.vector = b.next_vector.narrow(0, 0, steps);
  if (!HasImage(options.mode)) return;

  EnsureImageBuffer(image_buffer, all);
  std::vector<StackAugmentation> drawn;
  if (options.augment.enabled) {
    drawn = DrawAugmentations(count);
    drawn.resize(static_cast<size_t>(all));
    for (size_t row = layout.count; row < drawn.size(); ++row)
      drawn[row] = drawn[row - layout.count];
  }
  FillImages(StacksOf(batch.image, batch.frames, all), image_buffer,
             drawn.empty() ? nullptr : drawn.data());
  b.next_image = image_buffer;
  b.image = b.next_image.narrow(0, 0, steps);
}

}  // namespace volante
