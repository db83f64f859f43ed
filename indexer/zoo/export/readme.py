"""README of an exported model: how to run it from other programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from indexer.vision.spec import ModelSpec
from indexer.vision.spec_tensors import Input

_FITS = {
    "as-is": "chips of {width} × {height} px",
    "stretch": "the picture, squeezed to {width} × {height} px",
    "center-crop": "the middle {crop}of the picture with the ratio {width} : {height}, "
    "brought to {width} × {height} px",
    "three-crops": "three parts (both ends and the middle of the long side; {crop}of the short one), "
    "each brought to {width} × {height} px",
    "letterbox": "the whole picture in the middle of {width} × {height} px, {fill} around it",
    "short-side": "the picture at a short side of {width} px, the long one in steps of {step} px up to {longest} px",
    "long-side": "the picture at a long side of {width} px at most, filled up with black to multiples of {step} px "
    "at the bottom and right",
}
_LITERT = """\
```python
import numpy as np
from ai_edge_litert.interpreter import Interpreter

lite = Interpreter("{file}")
lite.allocate_tensors()
(taken,) = lite.get_input_details()
values = np.zeros(taken["shape"], taken["dtype"])   # a batch of one picture
lite.set_tensor(taken["index"], values)
lite.invoke()
for told in lite.get_output_details():
    print(told["name"], lite.get_tensor(told["index"]).shape)
```
"""
_ONNX = """\
```python
import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("{file}")
values = np.zeros({shape}, np.{dtype})   # a batch of one picture
for name, answer in zip({names}, session.run({names}, {{"{input}": values}})):
    print(name, answer.shape)
```
"""
_SAVED = """\
## Python

```python
import numpy as np
import tensorflow as tf

model = tf.saved_model.load("{file}")   # tag "{tag}"
run = model.signatures["serving_default"]
image = np.zeros({shape}, np.float32)   # RGB, 0..255
answers = run(image=tf.constant(image))
for name, answer in answers.items():
    print(name, answer.shape)
```

From the shell:

```sh
python -c "import numpy as np; np.save('image.npy', np.zeros({shape}, np.float32))"
saved_model_cli run --dir {file} --tag_set {tag} --signature_def serving_default --inputs image=image.npy
```

## C

`cc run.c -ltensorflow` (libtensorflow, https://www.tensorflow.org/install/lang_c):

```c
#include <stdio.h>
#include <string.h>
#include <tensorflow/c/c_api.h>

int main(void) {{
  const char *tags[] = {{"{tag}"}};
  TF_Status *status = TF_NewStatus();
  TF_Graph *graph = TF_NewGraph();
  TF_SessionOptions *options = TF_NewSessionOptions();
  TF_Session *session =
      TF_LoadSessionFromSavedModel(options, NULL, "{file}", tags, 1, graph, NULL, status);
  if (TF_GetCode(status) != TF_OK) return fprintf(stderr, "%s\\n", TF_Message(status)), 1;

  int64_t sides[] = {{{sides}}};   /* pictures, height, width, colors */
  size_t bytes = {product} * sizeof(float);
  TF_Tensor *image = TF_AllocateTensor(TF_FLOAT, sides, 4, bytes);
  memset(TF_TensorData(image), 0, bytes);   /* RGB, 0..255 */

  TF_Output input = {{TF_GraphOperationByName(graph, "{operation}"), {index}}};
  const char *names[] = {{{keys}}};
  TF_Output outputs[] = {{
{c_outputs}
  }};
  TF_Tensor *answers[{count}] = {{NULL}};
  TF_SessionRun(session, NULL, &input, &image, 1, outputs, answers, {count}, NULL, 0, NULL, status);
  if (TF_GetCode(status) != TF_OK) return fprintf(stderr, "%s\\n", TF_Message(status)), 1;
  for (int each = 0; each < {count}; each++)
    printf("%s %g\\n", names[each], ((float *)TF_TensorData(answers[each]))[0]);   /* the first number */
  return 0;
}}
```

## Go

```go
package main

import (
	"fmt"
	"log"

	tf "github.com/tensorflow/tensorflow/tensorflow/go"
)

func main() {{
	model, err := tf.LoadSavedModel("{file}", []string{{"{tag}"}}, nil)
	if err != nil {{
		log.Fatal(err)
	}}
	defer model.Session.Close()
	var pixels {array}float32 // pictures, height, width, colors: RGB, 0..255
	image, err := tf.NewTensor(pixels)
	if err != nil {{
		log.Fatal(err)
	}}
	answers, err := model.Session.Run(
		map[tf.Output]*tf.Tensor{{model.Graph.Operation("{operation}").Output({index}): image}},
		[]tf.Output{{
{go_outputs}
		}}, nil)
	if err != nil {{
		log.Fatal(err)
	}}
	for number, name := range []string{{{keys}}} {{
		fmt.Println(name, answers[number].Shape())
	}}
}}
```
"""


@dataclass(frozen=True, slots=True)
class ExportedTensor:
    """A tensor of the written file: its name in the program, in the graph ('operation:number'), and its shape."""

    key: str
    name: str
    shape: str

    @property
    def operation(self) -> str:
        """The name of its operation."""
        return self.name.partition(":")[0]

    @property
    def number(self) -> int:
        """The index of the output of its operation."""
        return int(self.name.partition(":")[2] or 0)


@dataclass(frozen=True, slots=True)
class Ends:
    """The written file, its tag, its inputs and outputs. tag: empty where it is no SavedModel."""

    file: str
    tag: str
    input: ExportedTensor
    outputs: tuple[ExportedTensor, ...]


def readme(spec: ModelSpec, ends: Ends, labels: int) -> str:
    """Return the README of an export. labels: the number of its class names."""
    width, height = spec.input.size
    crop = "" if spec.input.crop == 1 else f"{spec.input.crop:.3g} "
    fit = _FITS[spec.input.fit].format(
        width=width, height=height, crop=crop, fill=f"{spec.input.fill:g}",
        step=spec.input.multiple_px, longest=spec.input.longest_px,
    )  # fmt: skip
    lines = [f"# {spec.name}", "", f"{spec.description}.", ""]
    lines += [f"License of the weights: {spec.license}. Source: {spec.source}.", ""] if spec.license else []
    lines += ["| tensor | called in the graph | shape | what it is |", "|---|---|---|---|"]
    lines += [_row(ends.input, f"goes in: {fit}; {_values(spec.input, saved=bool(ends.tag))}")]
    lines += [_row(each, _meaning(spec, each.key, labels)) for each in ends.outputs]
    lines += ["", f"`{spec.name}.toml` says the same in the terms of indexer.", ""]
    return "\n".join(lines) + "\n" + (_saved(spec, ends) if ends.tag else _as_it_is(spec, ends))


def _row(tensor: ExportedTensor, meaning: str) -> str:
    return f"| `{tensor.key}` | `{tensor.name}` | {tensor.shape} | {meaning} |"


def _values(wanted: Input, *, saved: bool) -> str:
    if saved:
        return f"RGB, 0..255, resized by {wanted.resampling} filter; scaling is inside"
    mean, scale = (" ".join(f"{each:g}" for each in told) for told in (wanted.mean, wanted.scale))
    return f"{wanted.colors}, {wanted.layout}, (pixel − mean) × scale with mean {mean}, scale {scale}"


def _meaning(spec: ModelSpec, key: str, labels: int) -> str:
    match key:
        case "probabilities" if spec.outputs[key].shape[0] == "windows":
            return f"how sure each of {labels} classes is, in each part of the picture; names in `labels.txt`"
        case "probabilities":
            return f"how sure each of {labels} classes is; names in `labels.txt`, in this order"
        case "embedding":
            return "features of the picture: what looks alike has a small angle between them"
        case "descriptors":
            return "numbers of the face: near each other for one person"
        case "boxes" if spec.role == "object-detector":
            return "top, left, bottom, right as parts of the picture"
        case "classes":
            return f"numbers of classes; {spec.labels.offset} is the first line of `labels.txt`"
        case _:
            return ""


def _saved(spec: ModelSpec, ends: Ends) -> str:
    told = _tried(spec)
    outputs = [(each.operation, each.number) for each in ends.outputs]
    return _SAVED.format(
        file=ends.file,
        tag=ends.tag,
        shape=tuple(told),
        sides=", ".join(map(str, told)),
        product=" * ".join(map(str, told)),
        array="".join(f"[{side}]" for side in told),
        operation=ends.input.operation,
        index=ends.input.number,
        keys=", ".join(f'"{each.key}"' for each in ends.outputs),
        count=len(ends.outputs),
        c_outputs="\n".join(f'    {{TF_GraphOperationByName(graph, "{name}"), {number}}},' for name, number in outputs),
        go_outputs="\n".join(f'\t\t\tmodel.Graph.Operation("{name}").Output({number}),' for name, number in outputs),
    )


def _tried(spec: ModelSpec) -> tuple[int, int, int, int]:
    """Return a shape that the model takes: pictures, height, width, colors."""
    width, height = spec.input.size
    return (1, height, width * 4 // 3, 3) if spec.input.fit == "short-side" else (1, height, width, 3)


def _as_it_is(spec: ModelSpec, ends: Ends) -> str:
    names = [each.name for each in ends.outputs]
    _, *sides, colors = _tried(spec)
    colors = 1 if spec.input.colors == "gray" else colors
    shape: Any = (1, colors, *sides) if spec.input.layout == "NCHW" else (1, *sides, colors)
    text = _ONNX if ends.file.endswith(".onnx") else _LITERT
    code = text.format(file=ends.file, names=names, shape=shape, dtype=spec.input.dtype, input=ends.input.name)
    why = "There is no SavedModel of it: the model was added as this file and is run as it is.\n\n"
    return why + code
