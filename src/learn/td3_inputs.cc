// From the caller's memory to tensors: images as uint8 to [-1, 1] in the layout and dtype of the
// convolutions, numbers to the learner's dtype.
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/GradMode.h>

#include "base/error.h"
#include "learn/kernels.h"
#include "learn/td3_impl.h"

namespace volante {

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

void Td3Learner::Impl::FillImages(const uint8_t* images, int64_t n, at::Tensor& buffer) const {
  if (!buffer.device().is_cpu()) {
    const at::Tensor bytes = at::from_blob(const_cast<uint8_t*>(images),
                                           {n, kFrameStack, kImageSide, kImageSide}, at::kByte)
                                 .to(buffer.device());
    buffer.narrow(0, 0, n).copy_(bytes.to(tensor_options.dtype()).mul_(2.0 / 255.0).sub_(1.0));
    buffer.narrow(0, n, buffer.size(0) - n).zero_();
    return;
  }
  void* out = buffer.data_ptr();
  switch (buffer.scalar_type()) {
    case at::kFloat:
      ImagesToUnitRange(images, n, static_cast<float*>(out));
      break;
    case at::kDouble:
      ImagesToUnitRange(images, n, static_cast<double*>(out));
      break;
    default:
      ImagesToUnitRangeBf16(images, n, static_cast<uint16_t*>(out));
      break;
  }
  if (n < buffer.size(0)) buffer.narrow(0, n, buffer.size(0) - n).zero_();
}

BatchTensors Td3Learner::Impl::Load(const Batch& batch) {
  const c10::NoGradGuard no_grad;
  const int64_t n = batch.size;
  const auto rows = static_cast<size_t>(n);
  VOLANTE_CHECK(n > 0 && batch.vector.size() == rows * kVectorSize &&
                    batch.next_vector.size() == rows * kVectorSize &&
                    batch.action.size() == rows * kActionSize && batch.reward.size() == rows &&
                    batch.discount.size() == rows,
                "a batch holds `size` rows of everything");
  BatchTensors b;
  b.vector = FromFloats(batch.vector.data(), {n, kVectorSize});
  b.next_vector = FromFloats(batch.next_vector.data(), {n, kVectorSize});
  b.action = FromFloats(batch.action.data(), {n, kActionSize});
  b.reward = FromFloats(batch.reward.data(), {n});
  b.discount = FromFloats(batch.discount.data(), {n});
  if (options.mode == ObservationMode::kVector) return b;

  VOLANTE_CHECK(batch.has_image && batch.image.size() == rows * kStackBytes &&
                    batch.next_image.size() == rows * kStackBytes,
                "a batch for camera_vector holds images");
  EnsureImageBuffer(image_buffer, n);
  EnsureImageBuffer(next_image_buffer, n);
  FillImages(batch.image.data(), n, image_buffer);
  FillImages(batch.next_image.data(), n, next_image_buffer);
  b.image = image_buffer;
  b.next_image = next_image_buffer;
  return b;
}

}  // namespace volante
