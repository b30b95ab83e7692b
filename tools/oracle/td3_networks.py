"""The networks of docs and specification written once more with torch.nn, for the oracle and the
benchmark's peer. Nothing here is shared with the C++ program but the names of the parameters:
state_dict() under the names of `slot` is the C++ program's list of tensors."""

import torch
from torch import nn
from torch.nn import functional as F

# The numbers of an observation, by mode: 53, and with 6 for each of the 8 nearest vehicles.
VECTOR_SIZE = {"camera_vector": 53, "vector": 53, "privileged": 53 + 8 * 6}
ACTION_SIZE = 2


def slot(name):
    """The C++ program's name of a parameter; its cells have one layer and do not count them."""
    return name.replace(".", "/").removesuffix("_l0")


class Encoder(nn.Module):
    """On 4 gray frames: NatureCNN of Mnih et al. 2015, with or without normalisation, or the small
    encoder for CPUs; LeakyReLU 0.01 after each convolution."""

    def __init__(self, kind, feature_width):
        super().__init__()
        self.layernorm = kind != "nature"
        if kind == "small":
            self.conv1 = nn.Conv2d(4, 16, 4, stride=4)
            self.conv2 = nn.Conv2d(16, 32, 5, stride=2)
            self.conv3 = nn.Conv2d(32, 32, 3, stride=2)
            self.fc = nn.Linear(32 * 4 * 4, feature_width)
        else:
            self.conv1 = nn.Conv2d(4, 32, 8, stride=4)
            self.conv2 = nn.Conv2d(32, 64, 4, stride=2)
            self.conv3 = nn.Conv2d(64, 64, 3, stride=1)
            self.fc = nn.Linear(64 * 7 * 7, feature_width)
        if self.layernorm:
            self.norm1 = nn.GroupNorm(1, self.conv1.out_channels)
            self.norm2 = nn.GroupNorm(1, self.conv2.out_channels)
            self.norm3 = nn.GroupNorm(1, self.conv3.out_channels)
            self.norm4 = nn.LayerNorm(feature_width)

    def forward(self, x):
        for i in ("1", "2", "3"):
            x = getattr(self, "conv" + i)(x)
            if self.layernorm:
                x = getattr(self, "norm" + i)(x)
            x = F.leaky_relu(x, 0.01)
        x = self.fc(torch.flatten(x, 1))
        return self.norm4(x) if self.layernorm else x


class MaxPoolEncoder(nn.Module):
    """Nature's channels and kernels at stride 1; activation, then a 2x2 maximum."""

    def __init__(self, feature_width):
        super().__init__()
        self.conv1 = nn.Conv2d(4, 32, 8)
        self.conv2 = nn.Conv2d(32, 64, 4)
        self.conv3 = nn.Conv2d(64, 64, 3)
        self.fc = nn.Linear(64 * 7 * 7, feature_width)

    def forward(self, x):
        for conv in (self.conv1, self.conv2, self.conv3):
            x = F.max_pool2d(F.leaky_relu(conv(x), 0.01), 2)
        return self.fc(torch.flatten(x, 1))


class MobileNetEncoder(nn.Module):
    """torchvision's own mobilenet_v3_small (package python3-torchvision) up to its classifier, its
    first convolution made for 4 frames."""

    def __init__(self, feature_width, batchnorm):
        super().__init__()
        from torchvision.models import mobilenet_v3_small  # 1.4 s, so only where needed

        self.features = mobilenet_v3_small().features
        self.features[0][0] = nn.Conv2d(4, 16, 3, stride=2, padding=1, bias=False)
        self.fc = nn.Linear(576, feature_width)
        if batchnorm == "frozen":
            self.eval()

    def forward(self, x):
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(self.features(x), 1), 1))


def make_encoder(case):
    kind, width = case["encoder"], case["feature_width"]
    if kind == "mobilenet_v3_small":
        return MobileNetEncoder(width, case["batchnorm"])
    if kind == "nature_maxpool":
        return MaxPoolEncoder(width)
    return Encoder(kind, width)


class Trunk(nn.Module):
    def __init__(self, feature_width, vector_size, trunk_width):
        super().__init__()
        self.image = nn.Linear(feature_width, trunk_width)
        self.image_norm = nn.LayerNorm(trunk_width)
        self.vector = nn.Linear(vector_size, trunk_width)
        self.vector_norm = nn.LayerNorm(trunk_width)

    def forward(self, features, vector):
        image = torch.tanh(self.image_norm(self.image(features)))
        numbers = torch.tanh(self.vector_norm(self.vector(vector)))
        return torch.cat([image, numbers], dim=1)


class Head(nn.ModuleDict):
    """Linear layers "0", "1", ...; after all but the last one a LayerNorm where asked for
    ("norm0", ...), then ReLU."""

    def __init__(self, sizes, layernorm):
        super().__init__()
        self.count = len(sizes) - 1
        for i in range(self.count):
            self[str(i)] = nn.Linear(sizes[i], sizes[i + 1])
            if layernorm and i < self.count - 1:
                self["norm" + str(i)] = nn.LayerNorm(sizes[i + 1])

    def forward(self, x, action=None, action_layer=None):
        """`action` joins the input of layer number `action_layer`."""
        for i in range(self.count):
            if i == action_layer:
                x = torch.cat([x, action], dim=1)
            x = self[str(i)](x)
            if "norm" + str(i) in self:
                x = self["norm" + str(i)](x)
            if i < self.count - 1:
                x = F.relu(x)
        return x


class Network(nn.Module):
    """What actor and critic have in common: an encoder of their own or not, and the fusion."""

    def __init__(self, case, own_encoder):
        super().__init__()
        self.sees = case["mode"] == "camera_vector"
        vector_size = VECTOR_SIZE[case["mode"]]
        self.fusion = case["fusion"]
        if own_encoder:
            self.encoder = make_encoder(case)
        if not self.sees:
            self.state_size = vector_size
        elif self.fusion == "trunk":
            self.trunk = Trunk(case["feature_width"], vector_size, case["trunk_width"])
            self.state_size = 2 * case["trunk_width"]
        else:
            self.state_size = case["feature_width"] + vector_size
        self.memory = None
        if case.get("memory", "none") != "none":
            kind = {"gru": nn.GRU, "lstm": nn.LSTM}[case["memory"]]
            self.memory = kind(self.state_size, case["memory_units"])
            self.state_size = case["memory_units"]

    def state(self, features, vector, stretches):
        """With memory the rows are stretches of episodes one after the other: `stretches` are their
        lengths and the rows wanted of them. Each runs through the cell alone, from the zero state."""
        if not self.sees:
            state = vector
        elif self.fusion == "trunk":
            state = self.trunk(features, vector)
        else:
            state = torch.cat([features, vector], dim=1)
        if self.memory is None:
            return state
        lengths, wanted = stretches
        remembered = [self.memory(part)[0] for part in torch.split(state, lengths)]
        return torch.cat(remembered)[wanted]


class Actor(Network):
    def __init__(self, case):
        camera = case["mode"] == "camera_vector"
        super().__init__(case, own_encoder=camera and case["wiring"] != "shared_critic")
        self.head = Head([self.state_size, *case["head_widths"], ACTION_SIZE],
                         case.get("head_layernorm"))

    def forward(self, features, vector, stretches=None):
        """Action and its value before tanh."""
        before = self.head(self.state(features, vector, stretches))
        return torch.tanh(before), before


class Critic(Network):
    def __init__(self, case):
        super().__init__(case, own_encoder=case["mode"] == "camera_vector")
        self.action_layer = case.get("critic_action_layer", 0)
        self.q1 = self.head(case)
        self.q2 = self.head(case) if case.get("twin_critics", True) else None

    def head(self, case):
        sizes = [self.state_size, *case["head_widths"], 1]
        head = Head(sizes, case.get("head_layernorm"))
        at = self.action_layer
        head[str(at)] = nn.Linear(sizes[at] + ACTION_SIZE, sizes[at + 1])
        return head

    def forward(self, features, vector, action, stretches=None):
        """Q1 and Q2, the latter None without a twin."""
        x = self.state(features, vector, stretches)
        q1 = self.q1(x, action, self.action_layer)[:, 0]
        if self.q2 is None:
            return q1, None
        return q1, self.q2(x, action, self.action_layer)[:, 0]


class Agent(nn.Module):
    def __init__(self, case):
        super().__init__()
        self.actor = Actor(case)
        self.critic = Critic(case)
